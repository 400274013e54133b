# tui: the console. The model knows neither curses nor sockets.
noinst_LIBRARIES += tui/libhptui.a
tui_libhptui_a_SOURCES = \
	%D%/app.h %D%/app.c \
	%D%/model.h %D%/model.c %D%/queue.c %D%/queue_view.c %D%/pinned.c %D%/dialog.c \
	%D%/actions.def %D%/control.h %D%/control.c \
	%D%/session.h %D%/session.c \
	%D%/safe.h %D%/safe.c %D%/screen.h %D%/screen.c %D%/terminal.c \
	%D%/input.h %D%/input.c \
	%D%/view.h %D%/frame.c %D%/view_queue.c %D%/view_request.c %D%/view_help.c \
	%D%/view_dialog.c
TUI_LIBS = tui/libhptui.a $(PROTO_LIBS) $(NCURSES_LIBS)
