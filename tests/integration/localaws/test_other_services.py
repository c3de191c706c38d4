"""What a refresh needs besides RDS is there, in the right account: S3, secrets, keys, roles, logs, queues, tags."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest

from deployments.localaws import LocalAws
from deployments.localaws.slack import SlackReceiver
from tests.fix_localaws import ACCOUNT, Aurora, refused


def test_an_access_key_of_twelve_digits_is_the_account(aws: LocalAws, aurora: Aurora) -> None:
    assert aurora.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account_id


def test_an_assumed_roles_credentials_are_of_its_account(aws: LocalAws, aurora: Aurora) -> None:
    import boto3

    role = f"arn:aws:iam::{ACCOUNT}:role/refresh"
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assumed: Any = boto3.client(
        "sts",
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert assumed.get_caller_identity()["Account"] == ACCOUNT


@pytest.mark.parametrize(
    ("service", "method"),
    [
        ("s3", "list_buckets"),
        ("secretsmanager", "list_secrets"),
        ("kms", "list_keys"),
        ("iam", "list_roles"),
        ("sts", "get_caller_identity"),
        ("ecs", "list_clusters"),
        ("logs", "describe_log_groups"),
        ("sqs", "list_queues"),
        ("ec2", "describe_vpcs"),
        ("events", "list_rules"),
        ("resourcegroupstaggingapi", "get_resources"),
    ],
)
def test_a_service_answers(aurora: Aurora, service: str, method: str) -> None:
    assert getattr(aurora.client(service), method)()["ResponseMetadata"]["HTTPStatusCode"] == 200


class TestTags:
    def test_are_added_listed_and_removed(self, aurora: Aurora, spare: str) -> None:
        arn = aurora.describe_cluster(spare)["DBClusterArn"]
        aurora.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}])
        aurora.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "2"}])
        assert aurora.rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "a", "Value": "2"}]
        aurora.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
        assert aurora.describe_cluster(spare)["TagList"] == []

    def test_find_resources_of_all_kinds(self, aurora: Aurora) -> None:
        tags = [{"Key": "refresh:run-key", "Value": aurora.new_id()}]
        cluster = aurora.create(Tags=tags)
        arn = aurora.describe_cluster(cluster)["DBClusterArn"]
        instance = aurora.describe_instance(f"{cluster}-1")["DBInstanceArn"]
        aurora.rds.add_tags_to_resource(ResourceName=instance, Tags=tags)
        snapshot = aurora.snapshot(cluster, Tags=tags)
        answer = aurora.client("resourcegroupstaggingapi").get_resources(
            TagFilters=[{"Key": "refresh:run-key", "Values": [tags[0]["Value"]]}]
        )
        found = {resource["ResourceARN"] for resource in answer["ResourceTagMappingList"]}
        assert found == {arn, instance, snapshot}

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("cluster", "DBClusterNotFoundFault"),
            ("db", "DBInstanceNotFound"),
            ("cluster-snapshot", "DBClusterSnapshotNotFoundFault"),
        ],
    )
    def test_of_what_is_not_there_are_an_error(self, aurora: Aurora, kind: str, code: str) -> None:
        with refused(code):
            aurora.rds.list_tags_for_resource(ResourceName=f"arn:aws:rds:eu-west-1:{ACCOUNT}:{kind}:nothing")


class TestTheSlackReceiver:
    def test_keeps_what_is_posted(self) -> None:
        with SlackReceiver() as slack:
            request = urllib.request.Request(
                slack.url, data=b'{"text": "done"}', headers={"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:
                assert answer.read() == b"ok"
            assert slack.messages == [{"text": "done"}]

    def test_refuses_when_told_to_and_what_is_no_message(self) -> None:
        with SlackReceiver() as slack:
            for body, status in ((b"not json", 400), (b'{"text": "x"}', 500)):
                if status == 500:
                    slack.refuse()
                with pytest.raises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(slack.url, data=body)
                assert caught.value.code == status
                caught.value.close()
            assert slack.messages == []
