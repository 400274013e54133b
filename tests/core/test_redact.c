/* What is found and what stays: tables of texts and their exact outcome. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/redact.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct hp_redact *
make(unsigned groups)
{
	struct hp_redact_config config = {.groups = groups};
	struct hp_redact *set = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_redact_new(&config, &set, &err), HP_OK, "%s", err.message);
	return set;
}

struct row {
	const char *text, *wanted; /* NULL: stays as it is */
};

static void
check(unsigned groups, const struct row *rows, size_t count)
{
	struct hp_redact *set = make(groups);
	for (size_t i = 0; i < count; i++) {
		struct hp_buf once = {0}, twice = {0};
		const char *wanted = rows[i].wanted ? rows[i].wanted : rows[i].text;
		cr_assert_eq(hp_redact_text(set, rows[i].text, strlen(rows[i].text), &once, NULL,
		                            NULL),
		             HP_OK);
		cr_expect_str_eq(hp_buf_text(&once), wanted, "%s\n got    %s\n wanted %s",
		                 rows[i].text, hp_buf_text(&once), wanted);
		cr_assert_eq(hp_redact_text(set, hp_buf_text(&once), once.len, &twice, NULL, NULL),
		             HP_OK);
		cr_expect_str_eq(hp_buf_text(&twice), hp_buf_text(&once), "%s", rows[i].text);
		hp_buf_release(&once);
		hp_buf_release(&twice);
	}
	hp_redact_free(set);
}

#define STAYS NULL

Test(redact, mail)
{
	static const struct row rows[] = {
		{"to bob@example.com.", "to [REDACTED:email]."},
		{"<first.last+tag@sub.example.co.uk>", "<[REDACTED:email]>"},
		{"mailto:a_b%c-d@xn--bcher-kva.example", "mailto:[REDACTED:email]"},
		{"jos\xc3\xa9@example.org, m@b\xc3\xbc"
	         "cher.example",
	         "[REDACTED:email], [REDACTED:email]"},
		{"bob@example.com--x; bob@example.com..", "[REDACTED:email]; [REDACTED:email].."},
		{"a@1and1.example, a@b.c1 a@x.3", "[REDACTED:email], [REDACTED:email] a@x.3"},
		{"a@b.co;c@d.co", "[REDACTED:email];[REDACTED:email]"},
		{"git@host", STAYS},
		{"user@localhost:22", STAYS},
		{"a @ b.com @c", STAYS},
		{"x@1.5", STAYS},
		{"@example.com", STAYS},
		{"pkg@1.2.3", STAYS},
		{"arr@[0].x", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, telephones)
{
	static const struct row rows[] = {
		{"+1 (415) 555-2671", "[REDACTED:phone]"},
		{"+14155552671.", "[REDACTED:phone]."},
		{"+44 20 7946 0958 or +49 (0)30 901820", "[REDACTED:phone] or [REDACTED:phone]"},
		{"ring 415-555-2671 now", "ring [REDACTED:phone] now"},
		{"1-800-555-0199, (212) 555-0100", "[REDACTED:phone], [REDACTED:phone]"},
		{"(212)555-0100 415.555.2671", "[REDACTED:phone] [REDACTED:phone]"},
		{"phone: 4155552671", "phone: [REDACTED:phone]"},
		{"Tel. no. 030 901820", "Tel. no. [REDACTED:phone]"},
		{"\"mobile_number\": \"07700900123\"", "\"mobile_number\": \"[REDACTED:phone]\""},
		{"4155552671", STAYS},
		{"+12345678 lines", STAYS},
		{"a+1+2+3+4+5", STAYS},
		{"115-555-2671 415-155-2671", STAYS},
		{"id-415-555-2671-9", STAYS},
		{"415-555.2671", STAYS},
		{"telemetry 4155552671", STAYS},
		{"Mon Jan 1 10:00:00 2024 +1000", STAYS},
		{"call 911", STAYS},
		{"code 11 415-555-2671", "code 11 [REDACTED:phone]"},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

/* Numbers that the card networks publish for tests. */
Test(redact, cards)
{
	static const struct row rows[] = {
		{"4111111111111111", "[REDACTED:card]"},
		{"4111 1111 1111 1111", "[REDACTED:card]"},
		{"4012-8888-8888-1881.", "[REDACTED:card]."},
		{"4222222222222", "[REDACTED:card]"},
		{"5555555555554444", "[REDACTED:card]"},
		{"2223003122003222", "[REDACTED:card]"},
		{"378282246310005", "[REDACTED:card]"},
		{"3782 822463 10005", "[REDACTED:card]"},
		{"6011111111111117", "[REDACTED:card]"},
		{"30569309025904", "[REDACTED:card]"},
		{"3530111333300000", "[REDACTED:card]"},
		{"6200000000000005", "[REDACTED:card]"},
		{"card=4111111111111111&x=1", "card=[REDACTED:card]&x=1"},
		{"4111 1111 1111 1111 12/29 123", "[REDACTED:card] 12/29 123"},
		{"4111111111111112", STAYS},
		{"4111 1111 1111 1112", STAYS},
		{"1111111111111117", STAYS},
		{"41111111111111111", STAYS},
		{"0.4111111111111111", STAYS},
		{"x4111111111111111", STAYS},
		{"4111111111111111a", STAYS},
		{"1700000000000 1700000000000000000", STAYS},
		{"4111  1111  1111  1111", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

/* Examples of the IBAN registry. */
Test(redact, accounts)
{
	static const struct row rows[] = {
		{"GB29NWBK60161331926819", "[REDACTED:iban]"},
		{"GB82 WEST 1234 5698 7654 32", "[REDACTED:iban]"},
		{"de89 3704 0044 0532 0130 00!", "[REDACTED:iban]!"},
		{"NO9386011117947", "[REDACTED:iban]"},
		{"MT84MALT011000012345MTLCAST001S", "[REDACTED:iban]"},
		{"FR14 2004 1010 0505 0001 3M02 606 on", "[REDACTED:iban] on"},
		{"BE68 5390 0754 7034", "[REDACTED:iban]"},
		{"GB29NWBK60161331926818", STAYS},
		{"GB29NWBK6016133192681", STAYS},
		{"GB29NWBK60161331926819X", STAYS},
		{"XX29NWBK60161331926819", STAYS},
		{"ab12cdef0123456789abcdef", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, numbers_of_persons)
{
	static const struct row rows[] = {
		{"SSN 123-45-6789", "SSN [REDACTED:ssn]"},
		{"078-05-1120, 899-99-9999", "[REDACTED:ssn], [REDACTED:ssn]"},
		{"900-70-0000", "[REDACTED:itin]"},
		{"999-50-1234 999-94-1234", "[REDACTED:itin] [REDACTED:itin]"},
		{"ssn: 123456789", "ssn: [REDACTED:ssn]"},
		{"Social Security Number is 123 45 6789.",
	         "Social Security Number is [REDACTED:ssn]."},
		{"ITIN 900700000", "ITIN [REDACTED:itin]"},
		{"000-12-3456 666-12-3456 123-00-4567 123-45-0000", STAYS},
		{"900-49-1234 900-66-1234 900-89-1234 900-93-1234", STAYS},
		{"123-45-67890 1123-45-6789 123-45-6789-0", STAYS},
		{"123456789", STAYS},
		{"ssn: 12345678", STAYS},
		{"ssn: 123456789 123-45-6789", "ssn: [REDACTED:ssn] [REDACTED:ssn]"},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, addresses)
{
	static const struct row rows[] = {
		{"from 203.0.113.7 to 192.168.1.10:8080",
	         "from [REDACTED:ip_address] to [REDACTED:ip_address]:8080"},
		{"10.0.0.0/8", "[REDACTED:ip_address]/8"},
		{"8.8.8.8.", "[REDACTED:ip_address]."},
		{"2001:db8::1, fe80::1%eth0", "[REDACTED:ip_address], [REDACTED:ip_address]%eth0"},
		{"[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:443", "[[REDACTED:ip_address]]:443"},
		{"::ffff:192.0.2.128", "[REDACTED:ip_address]"},
		{"2001:db8::", "[REDACTED:ip_address]"},
		{"127.0.0.1 0.0.0.0 255.255.255.0 ::1 ::", STAYS},
		{"1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.256 v1.2.3.4 01.02.03.04", STAYS},
		{"12:30:45 std::deque a::b dead::beef 00:1b:44:11:3a:b7", STAYS},
		{"foo::2", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, what_a_patients_file_holds)
{
	static const struct row rows[] = {
		{"DOB: 1980-03-12", "DOB: [REDACTED:date_of_birth]"},
		{"D.O.B. 3/12/80", "D.O.B. [REDACTED:date_of_birth]"},
		{"date of birth (mm/dd/yyyy): 03/12/1980",
	         "date of birth (mm/dd/yyyy): [REDACTED:date_of_birth]"},
		{"\"birth_date\": \"12.03.1980\"", "\"birth_date\": \"[REDACTED:date_of_birth]\""},
		{"born on March 12th, 1980 in", "born on [REDACTED:date_of_birth] in"},
		{"born 12 Mar 1980", "born [REDACTED:date_of_birth]"},
		{"dob=19800312", "dob=[REDACTED:date_of_birth]"},
		{"MRN: 00123456", "MRN: [REDACTED:medical_record]"},
		{"Medical Record Number A1234567.", "Medical Record Number [REDACTED:medical_record]."},
		{"patient_id=AB-12345", "patient_id=[REDACTED:medical_record]"},
		{"NHS number: 943 476 5919", "NHS number: [REDACTED:insurance_id]"},
		{"Medicare: 1EG4-TE5-MK73", STAYS}, /* too few digits to tell from a word */
		{"released 1980-03-12", STAYS},
		{"born to run 1980", STAYS},
		{"dob: unknown", STAYS},
		{"dobson 1980-03-12", STAYS},
		{"dob: 1980-13-42", STAYS},
		{"MRN: pending", STAYS},
		{"mrna 00123456", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

/* Of the sixteenth bytes and more; none of these was ever in use. */
Test(redact, tokens)
{
#define X16 "a1B2c3D4e5F6g7H8"
#define H16 "0123456789abcdef"
	static const struct row rows[] = {
		{"AKIAIOSFODNN7EXAMPLE", "[REDACTED:aws_access_key]"},
		{"AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	         "[REDACTED:aws_access_key],[REDACTED:aws_secret_key]"},
		{"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	         "aws_secret_access_key = [REDACTED:aws_secret_key]"},
		{"AIza" X16 X16 "abc", "[REDACTED:gcp_api_key]"},
		{"ya29." X16 X16, "[REDACTED:gcp_oauth_token]"},
		{"GOCSPX-" X16 "abcdefgh1234", "[REDACTED:gcp_client_secret]"},
		{"abc8Q~" X16 X16 "ab", "[REDACTED:azure_client_secret]"},
		{"ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[REDACTED:github_token]"},
		{"gho_16C7e42F292c6912E7710c838347Ae178B4a.", "[REDACTED:github_token]."},
		{"github_pat_11ABCDEFG0" X16 "_" X16 X16 X16, "[REDACTED:github_token]"},
		{"glpat-" X16 "abcd", "[REDACTED:gitlab_token]"},
		{"glrt-" X16 "abcd glcbt-64_" X16 "abcd",
	         "[REDACTED:gitlab_token] [REDACTED:gitlab_token]"},
		{"xoxb-123456789012-1234567890123-" X16, "[REDACTED:slack_token]"},
		{"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
	         "https://[REDACTED:slack_webhook]"},
		{"sk_live_" X16 "abcdefgh rk_test_" X16 "abcdefgh",
	         "[REDACTED:stripe_key] [REDACTED:stripe_key]"},
		{"npm_" X16 X16 "abcd", "[REDACTED:npm_token]"},
		{"pypi-AgEIcHlwaS5vcmc" X16 X16 X16, "[REDACTED:pypi_token]"},
		{"SG." X16 "abcdef." X16 X16 "abcdefghijk", "[REDACTED:sendgrid_key]"},
		{"SK" H16 H16, "[REDACTED:twilio_key]"},
		{"dop_v1_" H16 H16 H16 H16, "[REDACTED:digitalocean_token]"},
		{"sk-abcdefghij1234567890T3BlbkFJabcdefghij1234567890", "[REDACTED:openai_key]"},
		{"sk-proj-" X16 "-" X16 "_" X16, "[REDACTED:openai_key]"},
		{"sk-ant-api03-" X16 "-" X16 "AA", "[REDACTED:anthropic_key]"},
		{"hf_" X16 "abcdefghijklmnopqr", "[REDACTED:huggingface_token]"},
		{"hvs." X16 "abcdefgh", "[REDACTED:vault_token]"},
		{"npm_short-npm_" X16 X16 "abcd", "npm_short-[REDACTED:npm_token]"},
		{"dapi" H16 H16, "[REDACTED:databricks_token]"},
		{"shpat_" H16 H16, "[REDACTED:shopify_token]"},
		{"key-" H16 H16, "[REDACTED:mailgun_key]"},
		{H16 H16 "-us12", "[REDACTED:mailchimp_key]"},
		{"12345678:AA" X16 X16 "1", "[REDACTED:telegram_token]"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
	         "[REDACTED:jwt]"},
		/* near misses */
		{"AKIAIOSFODNN7EXAMPL akiaiosfodnn7example", STAYS},
		{"ghp_16C7e42F292c6912E7710c838347Ae178B4", STAYS},
		{"glpat-short xoxb-1 npm_install_something", STAYS},
		{"task-proj-migrate-the-database-to-the-new-cluster-42", STAYS},
		{"sk-proj-migrate-the-database-to-the-new-cluster", STAYS},
		{"eyJhbGciOiJIUzI1NiJ9.only", STAYS},
		{"sk_live_short", STAYS},
		{"key-value pairs", STAYS},
		{"d41d8cd98f00b204e9800998ecf8427e", STAYS},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", STAYS},
		{"123e4567-e89b-12d3-a456-426614174000", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, keys_over_many_lines)
{
#define LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
	static const struct row rows[] = {
		{"a\n-----BEGIN PRIVATE KEY-----\n" LINE LINE "-----END PRIVATE KEY-----\nb",
	         "a\n[REDACTED:private_key]\nb"},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n" LINE "-----END OPENSSH PRIVATE KEY-----",
	         "[REDACTED:private_key]"},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
	         "DEK-Info: AES-128-CBC,00\n\n" LINE "-----END RSA PRIVATE KEY-----.",
	         "[REDACTED:private_key]."},
		{"{\"k\":\"-----BEGIN EC PRIVATE KEY-----\\n"
	         "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY\\n"
	         "-----END EC PRIVATE KEY-----\\n\"}",
	         "{\"k\":\"[REDACTED:private_key]\\n\"}"},
		{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" LINE "=abcd\n"
	         "-----END PGP PRIVATE KEY BLOCK-----",
	         "[REDACTED:private_key]"},
		{"-----BEGIN PRIVATE KEY-----\n" LINE LINE, "[REDACTED:private_key]\n"},
		{"-----BEGIN PRIVATE KEY----- is how one begins",
	         "[REDACTED:private_key] is how one begins"},
		{"Private-Lines: 1\n" LINE "x", "Private-Lines: 1\n[REDACTED:private_key]\nx"},
		{"-----BEGIN CERTIFICATE-----\n" LINE "-----END CERTIFICATE-----", STAYS},
		{"-----BEGIN PUBLIC KEY-----\n" LINE "-----END PUBLIC KEY-----", STAYS},
	};
	check(HP_REDACT_ALL, rows, COUNT(rows));
}

Test(redact, secrets_by_the_words_before_them)
{
	static const struct row rows[] = {
		{"password=hunter2", "password=[REDACTED:password]"},
		{"DB_PASSWORD=swordfish", "DB_PASSWORD=[REDACTED:password]"},
		{"\"password\": \"correct horse\", \"x\": 1",
	         "\"password\": \"[REDACTED:password]\", \"x\": 1"},
		{"password: hunter2x", "password: [REDACTED:password]"},
		{"mysql --password hunter2x -u root", "mysql --password [REDACTED:password] -u root"},
		{"CREATE USER x IDENTIFIED BY 'pw1'", "CREATE USER x IDENTIFIED BY '[REDACTED:password]'"},
		{"<password>hunter2x</password>", "<password>[REDACTED:password]</password>"},
		{"{\\\"password\\\":\\\"hunter2x\\\"}", "{\\\"password\\\":\\\"[REDACTED:password]\\\"}"},
		{"MYSQL_PWD=hunter2x", "MYSQL_PWD=[REDACTED:password]"},
		{"postgres://bob:s3cret@db/x", "postgres://bob:[REDACTED:url_password]@db/x"},
		{"https://:tok3n@git.example/x", "https://:[REDACTED:url_password]@git.example/x"},
		{"Authorization: Bearer mF_9.B5f-4.1JqMabcd12/==",
	         "Authorization: Bearer [REDACTED:bearer_token]"},
		{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic [REDACTED:basic_credentials]"},
		{"api_key: abcDEF123456ghijk789", "api_key: [REDACTED:secret]"},
		{"client_secret='Zx8~kQ2.vB7-mN4_tR1w'", "client_secret='[REDACTED:secret]'"},
		{"SECRET_KEY_BASE=0f3c9a7be1d24485", "SECRET_KEY_BASE=[REDACTED:secret]"},
		{"?token=" X16 X16 "&x=1", "?token=[REDACTED:secret]&x=1"},
		{"AccountKey=" X16 X16 X16 "==;E=x", "AccountKey=[REDACTED:azure_key];E=x"},
		{"sv=2022&x=1&sig=" X16 X16 "%2B1234567%3D", "sv=2022&x=1&sig=[REDACTED:azure_signature]"},
		/* near misses */
		{"password: must be changed; the password is wrong", STAYS},
		{"password=${DB_PASSWORD} password=$PW password={{ pw }}", STAYS},
		{"password=<password> password=null \"password\": \"string\"", STAYS},
		{"password=******** password=xxxxxxxx", STAYS},
		{"PWD=/home/bob/src1", STAYS},
		{"password_reset_at=2024-01-01T00:00:00Z", STAYS},
		{"the passwords: 12 of them", STAYS},
		{"max_tokens=1234567890123456", STAYS},
		{"token_type: bearer", STAYS},
		{"secret_name: prod/database/main", STAYS},
		{"token = none, secret: true", STAYS},
		{"basic knowledge, Basic training", STAYS},
		{"bearer of bad news, Bearer authentication", STAYS},
		{"https://example.com:8080/a@b http://a:b", STAYS},
		{"https://bob:${PW}@host", STAYS},
		{"api_key: os.environ[\"API_KEY_1\"]", STAYS},
		{"password=[REDACTED:password]", STAYS},
	};
	check(HP_REDACT_SECRETS, rows, COUNT(rows));
}

/* Each group alone leaves the others' alone. */
Test(redact, groups_are_chosen)
{
	static const char text[] = "bob@example.com dob 1980-03-12 AKIAIOSFODNN7EXAMPLE";
	static const struct {
		unsigned groups;
		const char *wanted;
	} cases[] = {
		{0, text},
		{HP_REDACT_PII, "[REDACTED:email] dob 1980-03-12 AKIAIOSFODNN7EXAMPLE"},
		{HP_REDACT_PHI, "bob@example.com dob [REDACTED:date_of_birth] AKIAIOSFODNN7EXAMPLE"},
		{HP_REDACT_SECRETS, "bob@example.com dob 1980-03-12 [REDACTED:aws_access_key]"},
		{HP_REDACT_ALL,
	         "[REDACTED:email] dob [REDACTED:date_of_birth] [REDACTED:aws_access_key]"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].groups, &(struct row){text, cases[i].wanted}, 1);
	cr_expect_eq(hp_redact_group("pii"), HP_REDACT_PII);
	cr_expect_eq(hp_redact_group("phi"), HP_REDACT_PHI);
	cr_expect_eq(hp_redact_group("secrets"), HP_REDACT_SECRETS);
	cr_expect_eq(hp_redact_group("names"), 0);
}
