"""A Lambda function that starts a deployment when EventBridge calls it: on a schedule, or for an event."""
