"""Mail in and out: SMTP and LMTP server, IMAP client, SMTP client, letters as MIME messages, a server for demonstrations.

What a message means and what a letter says is decided in `application.mail_in` and `application.mail_out`.
"""
