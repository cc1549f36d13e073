"""The mixed-integer program of Serra, Tjandraatmadja & Ramalingam (2018), and pools of its solutions."""
