"""Tags, as the module makes them (`src/core/src/session/tag.rs`): what binds a value to a tenant and an account.

    tags = Tags("0123…")                         # the key in Envoy's environment
    tags.id("acme", "azure-eastus2", "resp_0a")  # resp_X5fPq0aZ_0a
"""

import base64
import hashlib
import hmac
import re

VARIABLE = "MULTIHOME_TAG_KEY"
KEY = "0123456789abcdef0123456789abcdef"
# So much of a value is bound, in bytes.
OF_ID, OF_CONTENT = 64, 40


class Tags:
    def __init__(self, key=KEY):
        self.key = key.encode()

    def id(self, tenant, account, value):
        """The id with its tag, behind its prefix."""
        prefix, _, rest = value.partition("_")
        return f"{prefix}_{self._tag(tenant, account, value.encode()[:OF_ID])}{rest}"

    def content(self, tenant, account, value):
        """Encrypted content with its tag, in front."""
        return self._tag(tenant, account, value.encode()[:OF_CONTENT]) + value

    def _tag(self, tenant, account, bound):
        names = b"".join(len(name.encode()).to_bytes(8, "little") + name.encode() for name in (tenant, account))
        digest = hmac.new(self.key, names + bound, hashlib.sha256).digest()
        return "X" + base64.urlsafe_b64encode(digest[:6]).decode()


def untagged(value):
    """An id without its tag, if it has one."""
    prefix, _, rest = value.partition("_")
    return f"{prefix}_{rest[9:]}" if rest.startswith("X") else value


_IDS = re.compile(rb'("(?:id|item_id|previous_response_id|response_id|container_id)": ?"[a-z]+_)X[A-Za-z0-9_-]{8}')
_CONTENTS = re.compile(rb'("encrypted_content": ?")X[A-Za-z0-9_-]{8}')


def cloud_s_own(body):
    """A response as the cloud made it: without the tags."""
    return _CONTENTS.sub(rb"\1", _IDS.sub(rb"\1", body))
