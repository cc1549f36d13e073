"""The incremental splitting counter (Hanin & Rolnick 2019; per layer Rada & Cerny 2018)."""
