"""How every figure looks, the drawings of networks, and the explorables as figures."""
