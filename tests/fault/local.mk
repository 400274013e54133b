# tests/fault: holdpointd on failing disks, memories, clocks and networks. `dev/fault` runs all of
# it; what runs as a test is a short form of each.
check_PROGRAMS += tests/fault/faultd
tests_fault_faultd_SOURCES = %D%/faultd.c tests/broker/fault_vfs.h tests/broker/fault_vfs.c broker/main.c
tests_fault_faultd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=main -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc \
	-Wl,--wrap=write -Wl,--wrap=fsync -Wl,--wrap=rename -Wl,--wrap=hp_clock_read
tests_fault_faultd_LDADD = $(BROKER_LIBS)
FAULT_TESTS = %D%/test_kill.py %D%/test_io.py %D%/test_alloc.py %D%/test_clock.py %D%/test_net.py \
	%D%/test_flood.py
TESTS += $(FAULT_TESTS)
EXTRA_DIST += $(FAULT_TESTS) %D%/load.py %D%/scenario.py
