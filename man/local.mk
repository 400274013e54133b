# man: mdoc pages.
