/* units: text in, checked integers out; every double is written so that it reads back the same. */
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

#include "core/units.h"

static void
check_text(const char *text)
{
	struct hp_error err = {0};
	int64_t amount = -1;
	double real = 0;
	enum hp_status status = hp_units_duration(text, &amount, &err);
	FUZZ_CHECK((status == HP_OK) == (amount >= 0));
	fuzz_check_error(status, &err);
	amount = -1;
	status = hp_units_size(text, &amount, &err);
	FUZZ_CHECK((status == HP_OK) == (amount >= 0));
	fuzz_check_error(status, &err);
	status = hp_units_real(text, &real, &err);
	FUZZ_CHECK(isfinite(real));
	fuzz_check_error(status, &err);
}

static void
check_real(double real)
{
	struct hp_value value = {.type = HP_FLOAT, .real = real};
	struct hp_buf buf = {0};
	int64_t amount = -1;
	double back = 0;
	hp_units_add_real(&buf, real);
	if (isfinite(real)) {
		FUZZ_CHECK(hp_units_real(hp_buf_text(&buf), &back, NULL) == HP_OK);
		FUZZ_CHECK(memcmp(&back, &real, sizeof real) == 0);
		FUZZ_CHECK(strpbrk(hp_buf_text(&buf), ".e"));
	} else
		FUZZ_CHECK(strcmp(hp_buf_text(&buf), "null") == 0);
	hp_buf_release(&buf);
	if (hp_units_usd_micros(&value, &amount, NULL) == HP_OK)
		FUZZ_CHECK(amount >= 0 && fabs((double)amount - real * 1e6) <= 1 + real * 1e-9);
	if (hp_units_basis_points(&value, &amount, NULL) == HP_OK)
		FUZZ_CHECK(amount >= 0 && amount <= 10000 && (double)amount <= real * 1e4 + 1e-9);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_text(text);
	free(text);
	if (size >= sizeof(int64_t)) {
		struct hp_buf buf = {0};
		int64_t ms;
		double real;
		memcpy(&ms, data, sizeof ms);
		memcpy(&real, data, sizeof real);
		check_real(real);
		hp_units_add_time(&buf, ms);
		hp_units_add_left(&buf, ms);
		hp_units_add_span(&buf, ms);
		FUZZ_CHECK(!buf.failed && buf.len < 100);
		hp_buf_release(&buf);
	}
	return 0;
}
