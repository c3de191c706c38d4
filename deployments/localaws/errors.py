"""RDS's errors with the codes that stand on the wire.

botocore's model of the API knows them, so they are read from it: ``DBInstanceNotFoundFault`` is ``DBInstanceNotFound``
on the wire, ``DBClusterNotFoundFault`` keeps its suffix, and nobody has to remember which does what.
"""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.model import ServiceModel
from moto.rds.exceptions import RDSClientError


@cache
def rds_model() -> ServiceModel:
    model = botocore.session.get_session().get_service_model("rds")
    if not isinstance(model, ServiceModel):
        raise TypeError(f"botocore's model of RDS is a {type(model).__name__}")
    return model


def fault(shape: str, message: str) -> RDSClientError:
    """An error of the API by the name of its shape, such as ``DBInstanceNotFoundFault``."""
    metadata = rds_model().shape_for(shape).metadata
    return RDSClientError(str(metadata.get("error", {}).get("code", shape)), message)


def invalid_value(message: str) -> RDSClientError:
    return RDSClientError("InvalidParameterValue", message)


def invalid_combination(message: str) -> RDSClientError:
    return RDSClientError("InvalidParameterCombination", message)


def cluster_not_found(identifier: str) -> RDSClientError:
    return fault("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")


def snapshot_not_found(identifier: str) -> RDSClientError:
    return fault("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")


def instance_not_found(identifier: str) -> RDSClientError:
    return fault("DBInstanceNotFoundFault", f"DBInstance {identifier} not found.")
