/* Elementary functions with the same bits as engine/elementary.py, on every machine. They do not use Python. */
#ifndef IRIS_MODEL_ELEMENTARY_H
#define IRIS_MODEL_ELEMENTARY_H

/* On overflow these return infinity, and outside of their domain NaN or -infinity; Python raises an error there. */
double elementary_exp(double x);
double elementary_exp2(double x);
double elementary_expm1(double x);
double elementary_log(double x);
double elementary_log1p(double x);
double elementary_tanh(double x);
double elementary_erf(double x);
/* The product of `degree` factors, from left to right. */
double whole_power(double x, int degree);

#endif
