# Units of proto. Sockets are ipc in temporary directories, or tcp on the loopback.
PROTO_TESTS = \
	tests/proto/test_message \
	tests/proto/test_frames \
	tests/proto/test_file \
	tests/proto/test_keyfile \
	tests/proto/test_instance \
	tests/proto/test_client
check_PROGRAMS += $(PROTO_TESTS)
TESTS += $(PROTO_TESTS)
PROTO_TEST_LIBS = $(PROTO_LIBS) $(CRITERION_LIBS) -lpthread

tests_proto_test_message_SOURCES = %D%/test_message.c
tests_proto_test_message_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_message_LDADD = $(PROTO_TEST_LIBS)

tests_proto_test_frames_SOURCES = %D%/test_frames.c
tests_proto_test_frames_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_frames_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
tests_proto_test_frames_LDADD = $(PROTO_TEST_LIBS)

tests_proto_test_file_SOURCES = %D%/test_file.c %D%/sandbox.h
tests_proto_test_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_file_LDADD = $(PROTO_TEST_LIBS)

tests_proto_test_keyfile_SOURCES = %D%/test_keyfile.c %D%/sandbox.h
tests_proto_test_keyfile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_keyfile_LDADD = $(PROTO_TEST_LIBS)

tests_proto_test_instance_SOURCES = %D%/test_instance.c %D%/sandbox.h
tests_proto_test_instance_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_instance_LDADD = $(PROTO_TEST_LIBS)

tests_proto_test_client_SOURCES = %D%/test_client.c %D%/fake_broker.h %D%/fake_broker.c
tests_proto_test_client_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_proto_test_client_LDADD = $(PROTO_TEST_LIBS)
