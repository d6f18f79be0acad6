"""What monitoring systems send: one module a protocol, one form for all of them, one path into the desk."""
