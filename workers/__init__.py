"""When it happens: Celery around the use cases of `service`. No business rule lives here."""
