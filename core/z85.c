/* Z85 of CURVE keys. Source: ZeroMQ RFC 32. */
#include <string.h>

#include "core/principal.h"

static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       ".-:+=^!/*?&<>()[]{}@%$#";

enum { GROUPS = HP_CURVE_BYTES / 4 };

void
hp_z85_encode(const uint8_t bytes[HP_CURVE_BYTES], char ret_text[41])
{
	for (unsigned group = 0; group < GROUPS; group++) {
		const uint8_t *from = bytes + 4 * group;
		uint32_t value = (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
				 (uint32_t)from[2] << 8 | from[3];
		for (int digit = 4; digit >= 0; digit--, value /= 85)
			ret_text[5 * group + (unsigned)digit] = alphabet[value % 85];
	}
	ret_text[5 * GROUPS] = 0;
}

enum hp_status
hp_z85_decode(const char *text, uint8_t ret_bytes[HP_CURVE_BYTES])
{
	uint8_t bytes[HP_CURVE_BYTES];
	if (strlen(text) != 5 * GROUPS)
		return HP_INVALID;
	for (unsigned group = 0; group < GROUPS; group++) {
		uint64_t value = 0;
		for (unsigned digit = 0; digit < 5; digit++) {
			const char *at = strchr(alphabet, text[5 * group + digit]);
			if (!at)
				return HP_INVALID;
			value = value * 85 + (uint64_t)(at - alphabet);
		}
		/* Five digits reach past four bytes: a second spelling of a key, refused. */
		if (value > UINT32_MAX)
			return HP_INVALID;
		for (unsigned i = 0; i < 4; i++)
			bytes[4 * group + i] = (uint8_t)(value >> (24 - 8 * i));
	}
	memcpy(ret_bytes, bytes, sizeof bytes);
	return HP_OK;
}
