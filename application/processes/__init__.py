"""What the desk does by itself: it sends the mails and closes what nobody disputed. Time is an argument.

Their timers are views, so they are durable and can be rebuilt; whether something is done is decided by the
aggregate, so it is done once, whoever fires twice (decision 7).
"""
