"""IAM as AWS evaluates it: what a call demands, and whether the caller's policies and the resource's allow it.

moto's own check matches every resource but S3's against ``*`` and knows no conditions, so no policy that names ARNs can
be tried against it. This one stands before moto, sees every call (S3's data path too) and asks moto only for facts.
"""

from deployments.localaws.iam.enforcement import Denial, Enforcement, stand_in_for_moto

__all__ = ["Denial", "Enforcement", "stand_in_for_moto"]
