"""Training of networks that compete: what a step computes, what is drawn, kept and watched."""
