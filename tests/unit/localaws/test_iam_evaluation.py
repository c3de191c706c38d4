"""IAM's evaluator gives the answers that AWS's documentation gives; each class names its page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.localaws.iam.conditions import UnknownOperator, hold
from deployments.localaws.iam.documents import Document, read_document
from deployments.localaws.iam.evaluation import Demand, Principal, denied_because
from deployments.localaws.iam.patterns import arn_matches, matches

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/refresh"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/refresh/run"
CLUSTER = f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:prod"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"


def policy(*statements: dict[str, Any]) -> Document:
    return read_document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def is_allowed(
    action: str,
    resource: str,
    *identity: dict[str, Any],
    resource_policy: Document | None = None,
    limits: tuple[Document, ...] = (),
    **context: str | tuple[str, ...],
) -> bool:
    known = {
        key.replace("__", ":").replace("_S_", "/"): (value,) if isinstance(value, str) else value
        for key, value in context.items()
    }
    principal = Principal(
        arn=SESSION, identity_arn=ROLE, account=ACCOUNT, policies=(policy(*identity),), limits=limits
    )
    demand = Demand(action=action, resource=resource, context=known, resource_policy=resource_policy)
    return denied_because(demand, principal) is None


class TestAllowAndDeny:
    """reference_policies_evaluation-logic_policy-eval-denyallow.html"""

    def test_nothing_is_allowed_by_default(self) -> None:
        assert not is_allowed("rds:DescribeDBClusters", CLUSTER)

    def test_an_explicit_deny_wins_over_any_allow(self) -> None:
        both = (allow("rds:*"), deny("rds:DeleteDBCluster", CLUSTER))
        assert not is_allowed("rds:DeleteDBCluster", CLUSTER, *both)
        assert is_allowed("rds:ModifyDBCluster", CLUSTER, *both)

    def test_a_deny_whose_condition_does_not_hold_denies_nothing(self) -> None:
        conditional = deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})
        assert is_allowed(
            "rds:ModifyDBCluster", CLUSTER, allow("*"), conditional, aws__securetransport="true"
        )
        assert not is_allowed(
            "rds:ModifyDBCluster", CLUSTER, allow("*"), conditional, aws__securetransport="false"
        )

    def test_a_boundary_or_session_policy_limits_and_gives_nothing(self) -> None:
        limit = (policy(allow("rds:Describe*")),)
        assert is_allowed("rds:DescribeDBClusters", CLUSTER, allow("rds:*"), limits=limit)
        assert not is_allowed("rds:DeleteDBCluster", CLUSTER, allow("rds:*"), limits=limit)
        assert not is_allowed("rds:DescribeDBClusters", CLUSTER, limits=limit)


class TestElements:
    """reference_policies_elements_action.html, …_notaction.html, …_resource.html, …_notresource.html"""

    @pytest.mark.parametrize(
        ("pattern", "action", "expected"),
        [
            ("rds:Describe*", "rds:DescribeDBClusters", True),
            ("RDS:describedbclusters", "rds:DescribeDBClusters", True),
            ("rds:Describe?", "rds:DescribeDBClusters", False),
            ("*", "rds:DescribeDBClusters", True),
            ("rds:DescribeDB", "rds:DescribeDBClusters", False),
        ],
    )
    def test_actions_know_wildcards_and_no_case(self, pattern: str, action: str, expected: bool) -> None:
        assert is_allowed(action, CLUSTER, allow(pattern)) is expected

    def test_not_action_is_every_other_action(self) -> None:
        statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
        assert is_allowed("rds:DeleteDBCluster", CLUSTER, statement)
        assert not is_allowed("iam:CreateUser", "*", statement)

    def test_not_resource_is_every_other_resource(self) -> None:
        statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::ours/*"}
        assert is_allowed("s3:GetObject", "arn:aws:s3:::ours/a", allow("s3:*"), statement)
        assert not is_allowed("s3:GetObject", "arn:aws:s3:::theirs/a", allow("s3:*"), statement)

    def test_resources_know_case(self) -> None:
        assert not is_allowed("s3:GetObject", "arn:aws:s3:::ours/A", allow("s3:*", "arn:aws:s3:::ours/a"))

    @pytest.mark.parametrize(
        "element", [{"Principals": "*"}, {"Condition": {"IpAddress": {"aws:SourceIp": "1"}}}]
    )
    def test_what_is_not_evaluated_is_refused_rather_than_guessed(self, element: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="local AWS's IAM has no"):
            policy(allow("*", **element))


class TestVariables:
    """reference_policies_variables.html"""

    def test_a_variable_stands_for_its_value_and_not_for_a_pattern(self) -> None:
        home = allow("s3:GetObject", "arn:aws:s3:::home/${aws:PrincipalTag/team}/*")
        assert is_allowed("s3:GetObject", "arn:aws:s3:::home/shop/a", home, aws__principaltag_S_team="shop")
        assert not is_allowed("s3:GetObject", "arn:aws:s3:::home/shop/a", home, aws__principaltag_S_team="*")

    def test_a_variable_without_a_value_matches_nothing_unless_it_has_a_default(self) -> None:
        assert not matches("a/${aws:username}", "a/", {})
        assert matches("a/${aws:username, 'guest'}", "a/guest", {})

    def test_special_characters_are_written_as_variables(self) -> None:
        assert matches("a${*}${?}${$}", "a*?$", {})
        assert not matches("a${*}", "abc", {})


class TestConditionOperators:
    """reference_policies_elements_condition_operators.html and reference_policies_multi-value-conditions.html"""

    @pytest.mark.parametrize(
        ("operator", "wanted", "value", "expected"),
        [
            ("StringEquals", ("a", "b"), ("b",), True),
            ("StringEquals", ("a*",), ("ab",), False),
            ("StringNotEquals", ("a", "b"), ("b",), False),
            ("StringNotEquals", ("a", "b"), ("c",), True),
            ("StringEqualsIgnoreCase", ("A",), ("a",), True),
            ("StringLike", ("a*",), ("ab",), True),
            ("StringNotLike", ("a*",), ("ab",), False),
            ("ArnLike", ("arn:aws:rds:*:1:cluster:p*",), ("arn:aws:rds:eu:1:cluster:prod",), True),
            ("ArnLike", ("arn:aws:rds:*",), ("arn:aws:rds:eu:1:cluster:prod",), False),
            ("Bool", ("true",), ("true",), True),
            ("NumericLessThanEquals", ("10",), ("10",), True),
            ("NumericLessThan", ("10",), ("10",), False),
            # A key that isn't there: false, but true where the operator is negated or says IfExists.
            ("StringEquals", ("a",), (), False),
            ("StringNotEquals", ("a",), (), True),
            ("StringEqualsIfExists", ("a",), (), True),
            ("StringEqualsIfExists", ("a",), ("b",), False),
            ("Null", ("true",), (), True),
            ("Null", ("false",), (), False),
            ("Null", ("false",), ("a",), True),
            # Several values: ForAllValues is true of none, ForAnyValue isn't.
            ("ForAllValues:StringEquals", ("a", "b"), ("a", "b"), True),
            ("ForAllValues:StringEquals", ("a",), ("a", "b"), False),
            ("ForAllValues:StringEquals", ("a",), (), True),
            ("ForAnyValue:StringEquals", ("a",), ("a", "b"), True),
            ("ForAnyValue:StringEquals", ("a",), (), False),
            ("ForAnyValue:StringLike", ("refresh:*",), ("team", "refresh:env"), True),
        ],
    )
    def test_an_operator_holds(
        self, operator: str, wanted: tuple[str, ...], value: tuple[str, ...], expected: bool
    ) -> None:
        context = {"key": value} if value else {}
        assert hold({operator: {"Key": wanted}}, context) is expected

    def test_operators_and_keys_are_joined_by_and(self) -> None:
        conditions = {"StringEquals": {"a": ("1",), "b": ("2",)}, "Null": {"c": ("true",)}}
        assert hold(conditions, {"a": ("1",), "b": ("2",)})
        assert not hold(conditions, {"a": ("1",), "b": ("3",)})
        assert not hold(conditions, {"a": ("1",), "b": ("2",), "c": ("4",)})

    def test_an_arns_star_does_not_reach_over_a_colon(self) -> None:
        assert arn_matches("arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x")
        assert not arn_matches("arn:aws:*:role/x", "arn:aws:iam::1:role/x")

    def test_an_unknown_operator_is_refused(self) -> None:
        with pytest.raises(UnknownOperator):
            policy(allow("*", Condition={"ForSomeValues:StringEquals": {"a": "b"}}))


class TestResourcePolicies:
    """reference_policies_evaluation-logic.html#policy-eval-basics and …-cross-account.html"""

    OURS = "arn:aws:s3:::ours/a"

    def granting(self, principal: Any) -> Document:
        return policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": principal})

    def access(self, granting: Document | None, *identity: dict[str, Any], owner: str = ACCOUNT) -> bool:
        principal = Principal(arn=SESSION, identity_arn=ROLE, account=ACCOUNT, policies=(policy(*identity),))
        demand = Demand(
            action="s3:GetObject", resource=self.OURS, resource_policy=granting, resource_account=owner
        )
        return denied_because(demand, principal) is None

    def test_in_one_account_either_policy_is_enough(self) -> None:
        assert self.access(self.granting({"AWS": ROLE}))
        assert self.access(None, allow("s3:GetObject"))

    def test_naming_the_account_leaves_it_to_the_identitys_policy(self) -> None:
        by_account = self.granting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        assert not self.access(by_account)
        assert self.access(by_account, allow("s3:GetObject"))

    def test_between_accounts_both_must_allow(self) -> None:
        assert not self.access(self.granting({"AWS": ROLE}), owner=OTHER)
        assert not self.access(None, allow("s3:GetObject"), owner=OTHER)
        assert self.access(self.granting({"AWS": ACCOUNT}), allow("s3:GetObject"), owner=OTHER)

    def test_a_service_or_another_role_is_not_the_caller(self) -> None:
        assert not self.access(self.granting({"Service": "rds.amazonaws.com"}))
        assert not self.access(self.granting({"AWS": ROLE + "-2"}))

    def test_a_bucket_that_wants_tls_denies_calls_without(self) -> None:
        """AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-HTTP-HTTPS"""
        tls_only = policy(deny("s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
        for transport, expected in (("true", True), ("false", False)):
            assert (
                is_allowed(
                    "s3:GetObject",
                    self.OURS,
                    allow("s3:*"),
                    resource_policy=tls_only,
                    aws__securetransport=transport,
                )
                is expected
            )


class TestKeys:
    """kms/latest/developerguide/key-policy-default.html and conditions-kms.html#conditions-kms-via-service"""

    DEFAULT = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    )

    def test_a_key_is_used_only_as_its_key_policy_allows(self) -> None:
        assert not is_allowed("kms:Decrypt", KEY, allow("kms:*"), resource_policy=policy())
        assert is_allowed("kms:Decrypt", KEY, allow("kms:Decrypt", KEY), resource_policy=self.DEFAULT)
        assert not is_allowed("kms:Decrypt", KEY, resource_policy=self.DEFAULT)

    def test_via_service_holds_only_for_calls_that_the_service_makes(self) -> None:
        via_rds = allow(
            "kms:CreateGrant",
            KEY,
            Condition={"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}},
        )
        by_rds: Any = {"kms__viaservice": "rds.eu-west-1.amazonaws.com"}
        assert is_allowed("kms:CreateGrant", KEY, via_rds, resource_policy=self.DEFAULT, **by_rds)
        assert not is_allowed("kms:CreateGrant", KEY, via_rds, resource_policy=self.DEFAULT)


class TestTags:
    """access_tags.html; AuroraUserGuide/UsingWithRDS.Security.IAM.Tags.html"""

    def test_a_resources_tag_allows_what_may_be_done_to_it(self) -> None:
        ours = allow(
            "rds:DeleteDBCluster", Condition={"StringEquals": {"aws:ResourceTag/refresh:managed-by": "us"}}
        )
        tag: Any = {"aws__resourcetag_S_refresh:managed-by": "us"}
        assert is_allowed("rds:DeleteDBCluster", CLUSTER, ours, **tag)
        assert not is_allowed("rds:DeleteDBCluster", CLUSTER, ours)

    def test_tag_keys_limit_which_tags_may_be_put(self) -> None:
        only_ours = allow(
            "rds:AddTagsToResource",
            Condition={"ForAllValues:StringLike": {"aws:TagKeys": "refresh:*"}},
        )
        assert is_allowed("rds:AddTagsToResource", CLUSTER, only_ours, aws__tagkeys=("refresh:env",))
        assert not is_allowed(
            "rds:AddTagsToResource", CLUSTER, only_ours, aws__tagkeys=("refresh:env", "team")
        )


class TestAssumingARole:
    """id_roles_update-role-trust-policy.html"""

    def test_a_role_is_assumed_only_as_its_trust_policy_allows(self) -> None:
        other = f"arn:aws:iam::{ACCOUNT}:role/other"
        for trusted, expected in (({"AWS": ROLE}, True), ({"Service": "ecs-tasks.amazonaws.com"}, False)):
            trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
            assert is_allowed("sts:AssumeRole", other, allow("sts:*"), resource_policy=trust) is expected
