# dev: commands for newcomers and developers.
