# tui: the console.
noinst_LIBRARIES += tui/libhptui.a
tui_libhptui_a_SOURCES = %D%/app.h %D%/app.c
TUI_LIBS = tui/libhptui.a $(PROTO_LIBS) $(NCURSES_LIBS)
