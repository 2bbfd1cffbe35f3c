"""Signed lists: proof that a list was recommended here, without storing it.

A signed list is `PAYLOAD.SIGNATURE`, both in URL-safe Base64: the list, the likes it was made from, the model
version and the time, with their HMAC-SHA256. Every process that has the secret can check it.
"""

import hmac
import json
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from pydantic_core import to_json

from recsys.models.bundle import Recommendation
from recsys.serving.errors import ApiError


class ListSigner:
    """Signs lists with the secret that all services share, and verifies them; a list expires."""

    def __init__(self, secret: bytes, valid_seconds: float) -> None:
        # One key per purpose, so that neither result can stand for the other.
        self._list_key = hmac.digest(secret, b"recsys signed list", "sha256")
        self._address_key = hmac.digest(secret, b"recsys client address", "sha256")
        self._valid_seconds = valid_seconds

    def sign(
        self,
        version: str,
        likes: Sequence[Any],
        recommendations: Sequence[Recommendation],
        first_rank: int = 1,
    ) -> str:
        """Return a signed list, which may begin below the first rank."""
        rows = [
            (one.item_id, one.source, [item.item_id for why in one.reasons[:1] for item in why.antecedents])
            for one in recommendations
        ]
        nonce = os.urandom(9).hex()  # showing a list twice makes two lists
        payload = urlsafe_b64encode(to_json((int(time.time()), nonce, version, likes, rows, first_rank)))
        return f"{payload.decode()}.{self._signature(payload)}"

    def read(self, text: str, item_id: str, of_any_age: bool = False) -> dict[str, Any] | None:
        """Return the arguments of `Feedback` for an item of a signed list, None if the list lacks it.

        Parameters
        ----------
        text, item_id : str
        of_any_age : bool
            Read lists that have expired, too.

        Raises
        ------
        ApiError
            If the list was not signed with this secret, or has expired.
        """
        payload, _, signature = text.encode().partition(b".")
        if not hmac.compare_digest(signature, self._signature(payload).encode()):
            raise _refused("unknown_list", "was not signed by this service: send signed_list as it came")
        # Lists that an earlier version of the service signed begin at the top, and do not say so.
        created, nonce, version, likes, rows, *first_rank = json.loads(urlsafe_b64decode(payload))
        if not of_any_age and time.time() > created + self._valid_seconds:
            rule = f"took feedback for {self._valid_seconds:,g} seconds (list_seconds): ask for a new one"
            raise _refused("list_expired", rule)
        for rank, (item, source, antecedents) in enumerate(rows, *first_rank or [1]):
            if str(item) == item_id:
                return {
                    "list_id": nonce,
                    "item_id": item_id,
                    "likes": tuple(map(str, likes)),
                    "source": source,
                    "antecedents": tuple(map(str, antecedents)),
                    "rank": rank,
                    "model_version": version,
                }
        return None

    def pseudonym(self, address: str) -> str:
        """Return a keyed hash of a client address, of the network (/64) for IPv6."""
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            name = address
        else:
            name = str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)
        return hmac.digest(self._address_key, name.encode(), "sha256").hex()[:32]

    def _signature(self, payload: bytes) -> str:
        return urlsafe_b64encode(hmac.digest(self._list_key, payload, "sha256")).decode()


def _refused(code: str, rule: str) -> ApiError:
    return ApiError(422, code, f"signed_list: this list {rule} (POST /recommend).", "signed_list")
