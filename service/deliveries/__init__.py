"""message → delivery: the wet end that hands mails over.

Comes in: rendered messages. Goes out: they are accepted durably, or a DeliveryError says who refused and why. Refuses
to know: subscribers, digests, the database. `smtp` speaks to a relay, `maildir` writes into a folder: both are Mailers.
"""
