"""Which resources cleanup need not wait for."""

from __future__ import annotations

import pytest

from tasks.aurora.removing import AwsResource, is_held

CLUSTER = AwsResource(kind="cluster", identifier="refresh-dev-0123456789ab-clone")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (AwsResource(kind="instance", identifier="refresh-dev-0123456789ab-clone-writer"), True),
        (AwsResource(kind="instance", identifier="refresh-dev-ba9876543210-clone-writer"), False),
        (AwsResource(kind="cluster snapshot", identifier="refresh-dev-0123456789ab-clone-snapshot"), False),
    ],
)
def test_a_cluster_waits_for_no_instance_that_may_not_be_deleted(
    refused: AwsResource, expected: bool
) -> None:
    assert is_held(CLUSTER, [refused]) is expected
