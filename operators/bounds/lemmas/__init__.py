"""What several bounds share: rates, coverings, singular values; spectra in closed form."""
