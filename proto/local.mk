# proto: the wire, client sessions, key files and instance directories.
noinst_LIBRARIES += proto/libhpproto.a
proto_libhpproto_a_SOURCES = \
	%D%/messages.def %D%/errors.def %D%/message.h %D%/message.c \
	%D%/frames.h %D%/frames.c %D%/file.h %D%/file.c \
	%D%/keyfile.h %D%/keyfile.c %D%/instance.h %D%/instance.c \
	%D%/link.h %D%/link.c %D%/client.h %D%/client.c %D%/decide.c

PROTO_LIBS = proto/libhpproto.a $(CORE_LIBS) $(ZMQ_LIBS)
