# enforce: enforcement points. Nothing runs without a grant.
