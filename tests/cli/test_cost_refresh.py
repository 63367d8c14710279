"""`iris-model cost refresh`, through boto3, against a price list that answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.cost import read_prices
from tests.aws.test_price_list import UNPLACED
from tests.support.fake_aws import FakeAws
from tests.support.fake_prices import ireland
from tests.support.http_serving import serving
from tests.support.projects import SETTINGS, write_project


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    fake = FakeAws()
    fake.products, fake.price_page = ireland(), 2

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            # Prices are asked for in one region, whichever they are of.
            assert "/us-east-1/pricing/aws4_request" in self.headers["Authorization"]
            body = json.dumps(fake("pricing", operation, question)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with serving(server):
        yield fake


def run(directory: Path, *arguments: object) -> Result:
    words = ["cost", "refresh", *map(str, arguments), "--output", str(directory / "prices.json")]
    result = CliRunner().invoke(cli, words)
    assert "Traceback" not in result.output
    return result


def test_a_refreshed_price_file_is_used_by_cost(price_list: FakeAws, tmp_path: Path):
    project = write_project(tmp_path / "p", settings=SETTINGS + 'region = "eu-west-1"\n')
    result = run(tmp_path, project)
    assert result.exit_code == 0, result.output
    assert "37 prices of eu-west-1 from the AWS Price List API" in result.output
    assert "  ec2.m5.large.hour: 0.096 -> 0.107\n" in result.output
    assert read_prices(tmp_path / "prices.json").region == "eu-west-1"
    again = json.loads(run(tmp_path, project, "--json").output)
    assert again["changed"] == again["questions"] == {} and len(again["confirmed"]) == 37
    assert set(again["kept"]) == UNPLACED
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["prices.json"]


def test_missing_or_odd_settings_are_reported_and_kept(price_list: FakeAws, tmp_path: Path):
    price_list.products["AWSELB"] = []
    price_list.products["AmazonECR"] = [price_list.products["AmazonECR"][0].replace("0.1000000000", "1.5000000000")]
    result = run(tmp_path, "--region", "eu-west-1")
    assert "- alb.hour keeps its old price, date and source: the price list has no such product" in result.output
    assert "? ecr.storage_gb_month was 0.1 and would be 1.5: the old price is kept" in result.output
    result = run(tmp_path, "--region", "eu-west-1", "--accept", "ecr.storage_gb_month")
    assert "  ecr.storage_gb_month: 0.1 -> 1.5\n" in result.output


def test_nothing_is_written_without_prices(price_list: FakeAws, tmp_path: Path):
    result = run(tmp_path, "--region", "sa-east-1")
    assert result.exit_code == 1 and "has no price for sa-east-1" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_stays(price_list: FakeAws, tmp_path: Path):
    (tmp_path / "prices.json").write_text('{"mine": 1}')
    result = run(tmp_path, "--region", "eu-west-1")
    assert result.exit_code == 1 and "has the format None" in result.output
    assert (tmp_path / "prices.json").read_text() == '{"mine": 1}'


def test_an_unknown_price_name_is_refused(price_list: FakeAws, tmp_path: Path):
    result = run(tmp_path, "--region", "eu-west-1", "--accept", "ec2.m6.hour")
    assert result.exit_code == 1 and "--accept ec2.m6.hour: the price file has no price with this name" in result.output
