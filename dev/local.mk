# dev: commands for newcomers and developers.
EXTRA_DIST += %D%/lib.sh %D%/packages %D%/test %D%/demo %D%/demo.py %D%/fuzz %D%/bench %D%/fault \
	%D%/aws-catalogue
# The independent checker of the log, and its parts.
EXTRA_DIST += %D%/verify-log %D%/verify_log/__init__.py %D%/verify_log/canon.py %D%/verify_log/log.py \
	%D%/verify_log/replay.py %D%/verify_log/tables.py %D%/verify_log/export.py
