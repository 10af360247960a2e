"""Makes a site of files out of captured exchanges: any web server, or a double click, serves it."""
