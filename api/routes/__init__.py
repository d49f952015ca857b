"""Addresses, by what stands behind them."""
