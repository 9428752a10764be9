"""Start URLs of every partition, hosts that aren't AWS's, and regions of each partition."""

from __future__ import annotations

_BOTH = {"aws", "aws-us-gov"}
START_URLS = {
    "https://corp.awsapps.com/start": _BOTH,
    "https://d-1234567890.awsapps.com/start/#/": _BOTH,
    "https://CORP.AWSAPPS.COM/start": _BOTH,
    "https://ssoins-1.eu-west-1.portal.amazonaws.com": _BOTH,
    "https://ssoins-1.portal.eu-west-1.app.aws": _BOTH,
    "https://identitycenter.amazonaws.com/ssoins-1": _BOTH,
    "https://start.us-gov-home.awsapps.com/directory/d-1": {"aws-us-gov"},
    "https://start.us-gov-west-1.us-gov-home.awsapps.com/directory/d-1": {"aws-us-gov"},
    "https://identitycenter.us-gov.amazonaws.com/ssoins-1": {"aws-us-gov"},
    "https://start.home.awsapps.cn/directory/d-1": {"aws-cn"},
    "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn": {"aws-cn"},
    "https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn": {"aws-cn"},
    "https://identitycenter.amazonaws.com.cn/ssoins-1": {"aws-cn"},
    "https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu": {"aws-eusc"},
    "https://ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu": {"aws-eusc"},
    "https://identitycenter.amazonaws.eu/ssoins-1": {"aws-eusc"},
    "https://start.home.c2s.ic.gov/x": {"aws-iso"},
    "https://start.home.sc2s.sgov.gov/x": {"aws-iso-b"},
    "https://start.home.cloud.adc-e.uk/x": {"aws-iso-e"},
    "https://start.home.csp.hci.ic.gov/x": {"aws-iso-f"},
}
"""The partitions of each."""
NOT_AWS = [
    "https://awsapps.com.evil.example/start",
    "https://evilawsapps.com/start",
    "https://evil.example/.awsapps.com",
    "https://evil.example#.awsapps.com",
    "https://user@corp.awsapps.com/start",
    "https://corp.awsapps.com\\.evil.example/start",
    "https://corp.awsapps.com\n.evil.example/start",
    "http://corp.awsapps.com/start",
    "ftp://corp.awsapps.com/start",
    "https://identitycenter.amazonaws.com.evil.example/x",
    "https://xidentitycenter.amazonaws.com/x",
    "https://[bad",
]
REGIONS = {
    "aws": "eu-west-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}
ODD_REGIONS = [
    "",
    "eu-west-1.evil.example",
    "evil.example/",
    "evil.example#",
    "evil.example?x=",
    "eu-west-1@evil.example",
    "eu-west-1:443@evil.example/",
    "eu-west-1\\@evil.example",
    "eu-west-1%2f",
    "EU-WEST-1",
    "eu-west-1 ",
    "eu-west-1\nHost: evil.example",
    "\N{CYRILLIC SMALL LETTER A}ws-eu",
    "-eu-west-1",
    "..",
    "localhost",
    "us-gov",
    "cn-",
    "eu-west-99",
]
"""Values of `sso_region` that no region has, or that would name another host in a careless URL."""
