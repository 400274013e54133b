# tui: the console.
