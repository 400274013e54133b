# tests/fuzz: one libFuzzer target a parser. `make fuzz` builds them with clang; dev/fuzz runs them.
# To add one: write tests/fuzz/fuzz_X.c, put its name here, and seeds into tests/fuzz/corpus/fuzz_X/.
FUZZ_TARGETS = \
	fuzz_msgpack \
	fuzz_audit \
	fuzz_checkpoint \
	fuzz_leaf_vote \
	fuzz_principal \
	fuzz_boundary \
	fuzz_json \
	fuzz_yaml \
	fuzz_schema \
	fuzz_units \
	fuzz_text \
	fuzz_classify \
	fuzz_keyfile \
	fuzz_policy \
	fuzz_redact \
	fuzz_request \
	fuzz_hook \
	fuzz_mcp \
	fuzz_sql \
	fuzz_shell \
	fuzz_frames \
	fuzz_message \
	fuzz_canonical

FUZZ_CC = clang
FUZZ_CFLAGS = -std=c17 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined $(MSGPACK_CFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS) \
	$(UTF8PROC_CFLAGS) $(HYPERSCAN_CFLAGS) $(SODIUM_CFLAGS) $(NETTLE_CFLAGS) $(ZMQ_CFLAGS)
FUZZ_LIBS = $(MSGPACK_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(HYPERSCAN_LIBS) \
	$(SODIUM_LIBS) $(NETTLE_LIBS) $(ZMQ_LIBS) -lm
# core, proto and enforce once more, instrumented; a target links what it needs.
FUZZ_OBJECTS = $(patsubst %.c,tests/fuzz/obj/%.o,$(filter %.c,$(core_libhpcore_a_SOURCES) \
	$(proto_libhpproto_a_SOURCES) $(enforce_libhpenforce_a_SOURCES)))

fuzz: $(FUZZ_TARGETS:%=tests/fuzz/%)
print-fuzz:
	@echo $(FUZZ_TARGETS)

tests/fuzz/obj/%.o: $(top_srcdir)/%.c | $(BUILT_SOURCES)
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(FUZZ_CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(FUZZ_CFLAGS) \
		-fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
tests/fuzz/libfuzzed.a: $(FUZZ_OBJECTS)
	$(AM_V_AR)rm -f $@ && $(AR) cr $@ $(FUZZ_OBJECTS)
$(FUZZ_TARGETS:%=tests/fuzz/%): tests/fuzz/%: tests/fuzz/obj/tests/fuzz/%.o tests/fuzz/libfuzzed.a
	$(AM_V_CCLD)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< tests/fuzz/libfuzzed.a \
		$(FUZZ_LIBS)
-include $(FUZZ_OBJECTS:.o=.d) $(FUZZ_TARGETS:%=tests/fuzz/obj/tests/fuzz/%.d)

.PHONY: fuzz print-fuzz
.PRECIOUS: tests/fuzz/obj/%.o
clean-local: clean-fuzz clean-mcp clean-lint
clean-fuzz:
	rm -rf tests/fuzz/obj tests/fuzz/libfuzzed.a $(FUZZ_TARGETS:%=tests/fuzz/%)
EXTRA_DIST += %D%/fuzz_mcp.dict %D%/fuzz_policy.dict %D%/fuzz_redact.dict %D%/fuzz.h $(FUZZ_TARGETS:%=%D%/%.c) %D%/corpus %D%/fuzz_json.dict \
	%D%/fuzz_principal.dict \
	%D%/fuzz_classify.dict %D%/fuzz_keyfile.dict %D%/fuzz_schema.dict %D%/fuzz_yaml.dict
