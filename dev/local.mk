# dev: commands for newcomers and developers.
EXTRA_DIST += %D%/lib.sh %D%/packages %D%/test %D%/demo %D%/demo.py %D%/fuzz %D%/bench %D%/fault \
	%D%/aws-catalogue
# The independent checker of the log, and its parts.
EXTRA_DIST += %D%/verify-log %D%/verify_log/__init__.py %D%/verify_log/canon.py %D%/verify_log/log.py \
	%D%/verify_log/replay.py %D%/verify_log/tables.py %D%/verify_log/export.py
# The console in tmux, step by step, and what makes these files anew.
EXTRA_DIST += %D%/console-screens %D%/console_screens.py \
	docs/console/01-queue.txt docs/console/02-request.txt docs/console/03-request-2.txt \
	docs/console/04-deny.txt docs/console/05-denied.txt docs/console/06-read.txt \
	docs/console/07-extend.txt docs/console/08-extended.txt docs/console/09-approve.txt \
	docs/console/10-approved.txt docs/console/11-late.txt docs/console/12-expired.txt \
	docs/console/13-agents.txt docs/console/14-halt.txt docs/console/15-halted.txt \
	docs/console/16-history.txt docs/console/17-audit.txt docs/console/session.svg
