"""A mesh of one gateway: istiod's push code, a stock Envoy that it configures, and what stands around them."""
