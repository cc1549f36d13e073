"""Certificates of counts (docs/certificate.md): the engine's writer, and a checker that shares nothing with it."""
