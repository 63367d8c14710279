"""XGBoost: its boosters, and the wrappers with the methods of scikit-learn."""
