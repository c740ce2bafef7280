"""Sending services: what they write into Return-Path, what they sign, which records that takes."""

from __future__ import annotations

from helpers.services.signing import SigningKey, make_key, sign

__all__ = ["SigningKey", "make_key", "sign"]
