# enforce: enforcement points. Nothing runs without a grant.
noinst_LIBRARIES += enforce/libhpenforce.a
enforce_libhpenforce_a_SOURCES = \
	%D%/signals.h %D%/signals.c %D%/spawn.h %D%/spawn.c %D%/talk.h %D%/talk.c \
	%D%/ours.h %D%/ours.c %D%/pins.h %D%/pins.c %D%/supervise.h %D%/supervise.c %D%/exec.h %D%/exec.c
enforce_libhpenforce_a_SOURCES += \
	%D%/ask.h %D%/ask.c %D%/hook.h %D%/hook_hosts.def %D%/hook.c %D%/hook_line.c %D%/hook_answer.c
ENFORCE_LIBS = enforce/libhpenforce.a $(PROTO_LIBS)
