"""From decisions to labels. Labels keep their type: an int stays an int."""


def argmax_label(rows, *, classes):
    """The class of the largest cell of each row; the first one wins a tie, as numpy.argmax decides."""
    return [classes[row.index(max(row))] for row in rows]


def threshold_label(rows, *, classes, threshold=0.0):
    """The second class where the only cell of the row is greater than the threshold, else the first."""
    negative, positive = classes
    return [positive if row[0] > threshold else negative for row in rows]
