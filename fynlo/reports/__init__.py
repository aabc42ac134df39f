"""What was sold, taken and taxed: X and Z reports, sales and VAT."""
