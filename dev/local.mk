# dev: commands for newcomers and developers.
EXTRA_DIST += %D%/lib.sh %D%/packages %D%/test %D%/demo %D%/demo.py %D%/fuzz
