"""Two restaurants to try Fynlo with: a London pizzeria, and a rival that must never see it."""
