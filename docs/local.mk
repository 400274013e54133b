# What was measured, and what was seen.
EXTRA_DIST += %D%/performance.md %D%/reliability.md
