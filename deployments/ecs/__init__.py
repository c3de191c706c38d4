"""The work pool on ECS: the image that flows run in, and the job template that says how."""
