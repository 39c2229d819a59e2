"""Figures for print, drawn by matplotlib."""
