# aws_actions.txt as the tables of aws_actions.c.
BEGIN { count = at = 0 }
/^#/ { next }
/^[^\t]/ {
	close_group()
	service = $1
	level = $2
	first = count
	next
}
{
	for (i = 1; i <= NF; i++) {
		names[count] = $i
		starts[count++] = at
		at += length($i) + 1
	}
}

function close_group()
{
	if (service != "")
		groups = groups sprintf("\t{\"%s\", HP_AWS_%s, %d, %d},\n", service, toupper(level),
		                        first, count - first)
}

END {
	close_group()
	print "static const char names[] ="
	for (i = 0; i < count; i++)
		printf "\t\"%s\\0\"%s\n", names[i], i + 1 < count ? "" : ";"
	print "static const uint32_t starts[] = {"
	for (i = 0; i < count; i++)
		printf "\t%d,\n", starts[i]
	print "};"
	printf "static const struct group groups[] = {\n%s};\n", groups
}
