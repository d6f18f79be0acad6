"""Reports over HTTP and by the command line: figures that can be counted by hand, forms, and what-if."""
