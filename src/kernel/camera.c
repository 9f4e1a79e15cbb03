/* RPC00B, ground to image: the same operations in the same order as geometry/rpc.RPC.project. */
#include "kernel.h"

#include <math.h>

enum {
    LINE_OFF, SAMP_OFF, LAT_OFF, LON_OFF, HEIGHT_OFF,
    LINE_SCALE, SAMP_SCALE, LAT_SCALE, LON_SCALE, HEIGHT_SCALE,
    LINE_NUM = 10, LINE_DEN = 30, SAMP_NUM = 50, SAMP_DEN = 70,
    CENTER_LON = 90, CENTER_LAT, REACH_LON, REACH_LAT, LOWEST, HIGHEST
};

#define SMALLEST_DENOMINATOR 1e-3

/* Into [-180, 180); what is there already stays as it is, to the last bit. */
static double wrapped(double degrees)
{
    if (degrees >= -180 && degrees < 180) {
        return degrees;
    }
    double turned = fmod(degrees + 180, 360);
    return (turned < 0 ? turned + 360 : turned) - 180;
}

static double cubic(const double *c, double L, double P, double H)
{
    double h0 = c[0] + L * (c[1] + L * (c[7] + L * c[11])) +
                P * (c[2] + L * (c[4] + L * c[14]) + P * (c[8] + L * c[12] + P * c[15]));
    double h1 = c[3] + L * (c[5] + L * c[17]) + P * (c[6] + L * c[10] + P * c[18]);
    double h2 = c[9] + L * c[13] + P * c[16];
    return h0 + H * (h1 + H * (h2 + H * c[19]));
}

static double ratio(const double *num, const double *den, double L, double P, double H)
{
    double below = cubic(den, L, P, H);
    return below / den[0] > SMALLEST_DENOMINATOR ? cubic(num, L, P, H) / below : NAN;
}

static int inside(const double *n, double lon, double lat, double height)
{
    return fabs(wrapped(lon - n[CENTER_LON])) <= n[REACH_LON] &&
           fabs(lat - n[CENTER_LAT]) <= n[REACH_LAT] && height >= n[LOWEST] &&
           height <= n[HIGHEST];
}

void camera_project(const double *n, const double *lon, const double *lat, const double *height,
                    long count, double *col, double *row)
{
    for (long i = 0; i < count; i++) {
        double L = wrapped(lon[i] - n[LON_OFF]) / n[LON_SCALE];
        double P = (lat[i] - n[LAT_OFF]) / n[LAT_SCALE];
        double H = (height[i] - n[HEIGHT_OFF]) / n[HEIGHT_SCALE];
        double c = n[SAMP_OFF] + n[SAMP_SCALE] * ratio(n + SAMP_NUM, n + SAMP_DEN, L, P, H);
        double r = n[LINE_OFF] + n[LINE_SCALE] * ratio(n + LINE_NUM, n + LINE_DEN, L, P, H);
        int known = inside(n, lon[i], lat[i], height[i]) && isfinite(c + r);
        col[i] = known ? c : NAN;
        row[i] = known ? r : NAN;
    }
}
