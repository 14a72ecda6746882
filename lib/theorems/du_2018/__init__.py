"""Results of Du, Zhai, Póczos, Singh 2018 (arXiv 1810.02054), one module for each chapter that proves them."""
