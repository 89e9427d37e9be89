"""Entry points: settings, command line, HTTP and the embedded servers."""
