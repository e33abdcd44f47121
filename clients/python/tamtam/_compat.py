# SPDX-FileCopyrightText: The TamTam Authors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the versions of protobuf."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory


def message_class(pool: descriptor_pool.DescriptorPool, name: str) -> Any:
    """The class of a message of a pool, by its full name."""
    descriptor = pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):  # from protobuf 4.22 on
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)
